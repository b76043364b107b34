"""A service's spec: `service.yaml`, the whole contract of a service."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from pressrun.settings import Stage

Strategy = Literal["replace", "weights"]
Name = Annotated[str, Field(min_length=1, max_length=63, pattern=r"^[a-zA-Z0-9](-*[a-zA-Z0-9])*$")]

# A poll of `shift_traffic` writes at most 14 history events and its time-out is 14,400 s: see its definition.
LONGEST_ROLLOUT_SECONDS = 14_000


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Variants(_Part):
    """Names of the two production variants of a rollout."""

    stable: Name = "stable"
    canary: Name = "canary"


class Comparator(_Part):
    """How an answer is compared with the golden set's.

    kind:
        exact: the JSON documents are equal.
        embedding_cosine: each vector's cosine to the expected one is at least ``min_cosine``.
        rank_order: Kendall's tau of the first ``top_k`` ids is at least ``min_kendall_tau``.
    """

    kind: Literal["exact", "embedding_cosine", "rank_order"] = "exact"
    min_cosine: float = Field(default=0.98, ge=-1, le=1)
    top_k: int = Field(default=10, ge=2)
    min_kendall_tau: float = Field(default=0.98, ge=-1, le=1)


class GoldenSetRef(_Part):
    """Where the golden set lies, relative to `service.yaml`, and how answers are compared."""

    cases: str = "golden/cases.jsonl"
    comparator: Comparator = Comparator()


class Slo(_Part):
    """What users may rely on: latencies in milliseconds at the endpoint, errors as a share of requests."""

    p95_ms: float = Field(default=300, gt=0)
    p99_ms: float = Field(default=1000, gt=0)
    error_rate: float = Field(default=0.001, ge=0, le=1)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.p99_ms < self.p95_ms:
            raise ValueError("p99_ms is below p95_ms, expected p95_ms <= p99_ms")
        return self


class Instances(_Part):
    """Bounds of a variant's fleet."""

    min: int = Field(default=1, ge=1, le=1000)
    max: int = Field(default=1, ge=1, le=1000)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.max < self.min:
            raise ValueError("max is below min, expected min <= max")
        return self


class LoadTest(_Part):
    """An open load that a stage must carry within the SLO."""

    requests_per_second: float = Field(gt=0, le=10_000)
    seconds: int = Field(default=120, ge=5, le=3600)


class Approval(_Part):
    """Who must say yes before a stage, and by when."""

    deadline_hours: float = Field(default=24, gt=0, le=336)


class StageSpec(_Part):
    """How a service runs in one stage."""

    instance_types: list[str] = Field(default=["ml.c6i.large"], min_length=1, max_length=5)
    instances: Instances = Instances()
    strategy: Strategy = "replace"
    load_test: LoadTest | None = None
    approval: Approval | None = None
    target_invocations_per_instance: float = Field(default=600, gt=0, description="per minute, for target tracking")


class Rollout(_Part):
    """Durations of a rollout, in seconds. The judge's statistical constants are not a service's to choose."""

    poll_seconds: Literal[10, 60] = 10
    warmup_seconds: float = Field(default=90, ge=0)
    bake_seconds: float = Field(default=600, ge=0)
    watch_seconds: float = Field(default=1200, ge=0)
    deadline_seconds: float = Field(default=5400, ge=60)
    actuation_seconds: float = Field(default=20, ge=0, description="mean time until a weight change is in force")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        longest = 2 * self.deadline_seconds + self.watch_seconds
        if longest > LONGEST_ROLLOUT_SECONDS:
            raise ValueError(
                f"2 x deadline_seconds + watch_seconds is {longest:g}, "
                f"expected at most {LONGEST_ROLLOUT_SECONDS}: an execution records 25,000 events"
            )
        return self


class Cost(_Part):
    """What the service may cost, in US dollars."""

    budget_usd_per_month: float | None = Field(default=None, gt=0)


class Stages(_Part):
    """The three stages, in the order of a release."""

    dev: StageSpec = StageSpec(load_test=LoadTest(requests_per_second=10, seconds=60))
    qa: StageSpec = StageSpec(load_test=LoadTest(requests_per_second=20, seconds=120))
    prod: StageSpec = StageSpec(
        instances=Instances(min=2, max=4), strategy="weights", approval=Approval(), instance_types=["ml.c6i.xlarge"]
    )

    @field_validator("prod", mode="before")
    @classmethod
    def _prod_defaults(cls, value: Any) -> Any:
        if isinstance(value, dict):
            return {"strategy": "weights", "approval": {}, "instances": {"min": 2, "max": 4}, **value}
        return value

    def of(self, stage: Stage) -> StageSpec:
        """Return one stage's part."""
        found: StageSpec = getattr(self, stage)
        return found


class ServiceSpec(_Part):
    """The whole contract of a service. An unknown key is an error."""

    name: str = Field(min_length=1, max_length=32, pattern=r"^[a-z0-9](-?[a-z0-9])*$")
    owner: str = Field(min_length=1)
    description: str = ""
    model_package_group: Name = ""
    endpoint_name: Name = ""
    variants: Variants = Variants()
    vector_space: str | None = None
    content_types: list[str] = Field(default=["application/json"], min_length=1)
    request_schema: dict[str, Any] | None = None
    response_schema: dict[str, Any] | None = None
    golden_set: GoldenSetRef = GoldenSetRef()
    load_samples: str = "load/requests.jsonl"
    slo: Slo = Slo()
    peak_requests_per_second: float = Field(default=20, gt=0)
    environment: dict[str, str] = Field(default={}, max_length=100)
    stages: Stages = Stages()
    rollout: Rollout = Rollout()
    cost: Cost = Cost()

    @model_validator(mode="before")
    @classmethod
    def _named_after_the_service(cls, value: Any) -> Any:
        if isinstance(value, dict) and isinstance(value.get("name"), str):
            name = value["name"]
            return {"model_package_group": name, "endpoint_name": name, **value}
        return value
