from pressrun.release.lease import Contender, Step, next_step


def contender(release_id: str, opened_at: str, status: str = "open") -> Contender:
    return Contender(release_id=release_id, opened_at=opened_at, status=status)


MINE = contender("r-2", "2026-11-23T10:00:00Z")
OLDER = contender("r-1", "2026-11-23T09:00:00Z")
NEWER = contender("r-3", "2026-11-23T11:00:00Z")


def step(
    others: list[Contender], holder: str | None, holder_release: Contender | None, *, running: bool = True
) -> Step:
    return next_step(
        MINE, others, holder=holder, my_execution="mine", holder_release=holder_release, holder_running=running
    )


def test_a_free_lease_is_taken() -> None:
    assert step([], None, None) == "take"


def test_a_lease_of_one_s_own_is_kept_even_beside_a_newer_release() -> None:
    assert step([NEWER], "mine", MINE) == "keep"


def test_a_running_release_is_waited_for() -> None:
    assert step([OLDER], "theirs", OLDER.model_copy(update={"status": "rolling_out"})) == "wait"


def test_a_lease_whose_execution_is_closed_is_taken_over() -> None:
    assert step([], "theirs", OLDER.model_copy(update={"status": "rejected"}), running=False) == "take"


def test_a_lease_whose_release_has_not_been_taken_back_yet_is_not_taken_over() -> None:
    assert step([OLDER], "theirs", OLDER.model_copy(update={"status": "rolling_out"}), running=False) == "wait"


def test_a_waiting_release_gives_way_to_a_newer_one() -> None:
    assert step([NEWER], "theirs", OLDER) == "give_way"


def test_a_holder_that_waits_for_its_approval_is_superseded() -> None:
    assert step([], "theirs", OLDER.model_copy(update={"status": "awaiting_approval"})) == "supersede_holder"


def test_a_newer_holder_that_waits_for_its_approval_is_not_superseded_by_an_older_release() -> None:
    closed = NEWER.model_copy(update={"status": "rejected"})
    assert step([closed], "theirs", NEWER.model_copy(update={"status": "awaiting_approval"})) == "wait"
