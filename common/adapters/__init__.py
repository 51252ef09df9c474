"""The world behind the ports: MQTT, S3, and memory for tests and trials."""
