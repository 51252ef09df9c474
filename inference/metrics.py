"""What a worker counts."""

from prometheus_client import Counter, Gauge, Histogram

ANALYSED = Counter("headway_captures_analysed_total", "Captures analysed")
CRASHES = Counter("headway_model_crashes_total", "Times the model ended, hung or failed on pictures")
SET_ASIDE = Counter("headway_captures_set_aside_total", "Pictures moved to quarantine")
DELETED = Counter("headway_captures_deleted_total", "Raw pictures deleted unseen, by reason", ["reason"])
LEFT = Counter(
    "headway_captures_left_total", "Raw pictures left unseen to other flows, by reason", ["reason"]
)
MISSING = Counter(
    "headway_captures_missing_total", "Announced pictures that were not in the store, asked three times"
)
FAILED = Counter("headway_steps_failed_total", "Steps that failed and are tried again", ["step"])
STEP_SECONDS = Histogram("headway_step_seconds", "Time of a step", ["step"])
DECISION_SECONDS = Histogram(
    "headway_claim_decision_seconds",
    "From the end of a claim's settle time to the decision",
    buckets=(0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1, 0.25, 1.0),
)
QUEUE_SECONDS = Histogram("headway_queue_seconds", "From announcement to the start of inference")
OVERLOADED = Counter("headway_worker_overloaded_total", "Messages dropped because too many were waiting")
LOAD = Gauge("headway_worker_load", "Captures claimed or owned and not finished")
WAITING = Gauge("headway_worker_waiting", "Captures that wait for an owner")
