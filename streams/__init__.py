"""Stagestream's shell: it connects. The only package that knows Kafka, Faust, wall-clock time and the environment.

- `app`, `agents`: the Faust app and its agent; `engine`: the data path under Faust
- `codec`: bytes <-> models; `topics`: the topics, created and checked
- `cli`: the commands; `settings`: every setting; `pages`, `metrics`, `logs`: what operators see
"""
