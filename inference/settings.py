"""Settings of a worker."""

import os
import socket
from typing import Literal, Self

from pydantic import Field, model_validator

from common.settings import CommonSettings, Section
from common.wire.names import Flow, WorkerID
from inference.collect import Policy

_SETTLES = 3


def _name() -> str:
    return f"{socket.gethostname()}-{os.getpid()}"


class InferenceSection(Section):
    """What a worker does with captures."""

    name: WorkerID = Field(
        default_factory=_name, description="this worker's name, its own; default: host and process"
    )
    flow: Flow = Field("production", description="the flow this worker belongs to")
    flows: tuple[Flow, ...] = Field(
        (),
        max_length=8,
        description="flows that share the pictures, alike for all their workers; the first one deletes;"
        " default: this worker's alone",
    )
    flow_wait: float = Field(
        60.0, gt=0, le=86_400, description="seconds a picture done here waits for the other flows"
    )
    profile: Literal["accurate", "light"] = Field(
        "accurate", description="light: half the time, misses far people"
    )
    show_people: tuple[str, ...] = Field(
        (), description="devices whose snapshots show people unpixelated; * is all"
    )
    provider: Literal["auto", "cpu", "cuda"] = Field("auto", description="auto: the GPU where one answers")
    model_timeout: float = Field(30.0, ge=1, le=3600, description="seconds a picture may keep the model busy")
    max_batch: int | None = Field(
        None, ge=1, le=256, description="devices in a batch; default: 8 or what suits a GPU"
    )
    max_wait: float = Field(0.02, ge=0, le=60, description="seconds a capture waits for its batch to fill")
    settle: float = Field(
        0.03, ge=0, le=10, description="seconds a claim is open to rivals; over two message delays"
    )
    lease: float = Field(
        6.0,
        gt=0,
        le=600,
        description="seconds after which a silent owner's captures are free; one for all workers of a flow",
    )
    share_from: int = Field(
        4, ge=0, le=1000, description="live workers from which each hears some devices only; 0: all hear all"
    )
    policy: Policy = Field("latest", description="latest of each device, or every capture up to max_age")
    max_age: float = Field(
        60.0, gt=0, le=86_400, description="seconds; with policy every, older ones are shed"
    )
    keep: float = Field(
        5.0, ge=0, le=3600, description="seconds by which a device's result kept in the store may lag"
    )
    max_bytes: int = Field(20_000_000, ge=1000, le=200_000_000, description="size of a picture file at most")

    @model_validator(mode="after")
    def _flow_is_one_of_flows(self) -> Self:
        """Else it deletes what the others need."""
        if self.flows and self.flow not in self.flows:
            names = ", ".join(self.flows)
            raise ValueError(
                f"inference.flow is {self.flow}, so name it in inference.flows too, beside {names}"
            )
        if len(set(self.flows)) < len(self.flows):
            raise ValueError("inference.flows must name each flow once")
        return self

    @model_validator(mode="after")
    def _lease_outlasts_claims(self) -> Self:
        """Else the others take a claim for abandoned before it is decided, and it never is."""
        if self.lease < _SETTLES * self.settle:
            raise ValueError(f"inference.lease must be {_SETTLES} times inference.settle or more")
        return self


class InferenceSettings(CommonSettings):
    """A worker: shares the stream of captures with others and says what is in the pictures."""

    inference: InferenceSection = InferenceSection()
