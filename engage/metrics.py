"""What engage counts about itself."""

from prometheus_client import Counter, Gauge

DEVICES = Gauge("headway_devices", "Devices by state", ["state"])
PROBLEMS = Gauge("headway_devices_with_problem", "Devices whose agent reports a problem")
TROUBLES = Gauge("headway_devices_in_trouble", "Devices with a picture that was set aside of late")
WORKERS = Gauge("headway_workers", "Workers that say they are online")
VIEWERS = Gauge("headway_viewers", "Browsers on the live channel")
BEHIND = Counter("headway_viewers_behind_total", "Messages that a slow browser was spared")
REVISION = Gauge("headway_revision", "Revision of the state that is shown")
READY = Gauge("headway_ready", "1 once the state is rebuilt")
DEVICES_REFUSED = Counter("headway_devices_refused_total", "Messages of devices for which there was no room")
OVERLOADED = Counter("headway_events_refused_total", "Messages dropped because the loop had too many to do")
PICTURES = Counter("headway_pictures_total", "Pictures asked for, by what answered", ["from"])
