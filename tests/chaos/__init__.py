"""What killing, freezing and starving workers does to a day under steady load, on Apache Kafka."""
