"""The launcher of the engine: Rasa 3.6.21 without TensorFlow, patched where it is slow, closed where it is open.

- `__main__`: the command line; `train`, `serve`, `parse`: its commands; `events`: its news for the process around it
- `__main__`: the command line; `train`, `serve`, `parse`: its commands; `events`: its news for who started it
- `models`: the cached model and its hash
- `channel`: the REST channel; `guard`: who may ask what; `tracker`: the store of running conversations; `logs`
"""
