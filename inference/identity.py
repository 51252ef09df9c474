"""What a worker says of itself."""

from dataclasses import dataclass

from common.wire.messages import MAX_TEXT, Model, Presence, WorkerStatus


@dataclass(frozen=True, slots=True)
class Identity:
    """`bucket` is where its captures lie, and `flows` are those that share them, if not this one alone."""

    worker: str
    session: str
    flow: str
    bucket: str
    model: Model
    profile: str
    provider: str = ""
    version: str = ""
    flows: tuple[str, ...] = ()

    def status(
        self, state: Presence, load: int, shed: int, shards: str | None, error: str | None = None
    ) -> WorkerStatus:
        return WorkerStatus(
            worker=self.worker,
            state=state,
            session=self.session,
            flow=self.flow,
            load=load,
            shed=shed,
            model=self.model,
            profile=self.profile,
            provider=self.provider or None,
            version=self.version or None,
            shards=shards,
            error=error and error[:MAX_TEXT],
        )
