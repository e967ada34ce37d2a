"""Brokers for the tests, the benchmarks and the chaos runs: real Apache Kafka where it can be had."""
