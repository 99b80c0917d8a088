"""The whole stack on one machine: a supervisor over embedded services, the stages and the gateway."""
