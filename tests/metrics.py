"""What a service counts, as its /metrics tell."""

import urllib.request

from prometheus_client.parser import text_string_to_metric_families

from tests.eventually import PATIENCE


def total(port: int, counter: str, **labels: str) -> int:
    """0 where nothing was counted yet."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE) as answer:
        families = text_string_to_metric_families(answer.read().decode())
    samples = (
        sample for family in families for sample in family.samples if sample.name == f"{counter}_total"
    )
    return int(sum(sample.value for sample in samples if labels.items() <= sample.labels.items()))
