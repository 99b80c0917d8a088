"""The effect of killing, freezing and starving workers on a day under steady load, on Apache Kafka."""
