"""What an agent counts."""

from prometheus_client import Counter, Gauge, Histogram

CAPTURED = Counter("headway_agent_captured_total", "Pictures taken")
CAPTURE_FAILED = Counter("headway_agent_capture_failed_total", "Pictures that the camera did not give")
CAPTURE_SECONDS = Histogram("headway_agent_capture_seconds", "From asking the camera to the JPEG")
UPLOADED = Counter("headway_agent_uploaded_total", "Pictures uploaded")
UPLOAD_SECONDS = Histogram("headway_agent_upload_seconds", "Time of an upload")
ANNOUNCED = Counter("headway_agent_announced_total", "Announcements that the broker has acknowledged")
UPLOAD_FAILED = Counter("headway_agent_upload_failed_total", "Uploads that failed")
DROPPED = Counter("headway_agent_dropped_total", "Pictures given up, by reason", ["reason"])
PENDING = Gauge("headway_agent_pending", "Pictures taken and not yet announced")
