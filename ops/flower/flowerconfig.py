"""Flower's settings: a window, not a lever. `kk2 flower` names this file; port and address may follow on its line.

Flower without `read_only` is a remote execution of tasks, so what an operator may do stands in `kk2`, with a name on it.
Even behind a password Flower leaves /metrics and /healthcheck open (names of tasks and workers): keep it on the loopback
or behind a proxy that asks for more.
"""

import os
from pathlib import Path

_WHO = "kk2_flower_auth"  # USER:PASSWORD, several by comma: from the environment or a file of that name in KK2_SECRETS

address = "127.0.0.1"
port = 5555
url_prefix = "flower"  # as the console, behind whose sign-in it is shown, has it
read_only = True
max_tasks = 10_000  # the default of 100,000 is what its memory grows by
natural_time = False
tasks_columns = "name,args,state,received,started,runtime,worker"
purge_offline_workers = 300
_file = Path(os.environ.get("KK2_SECRETS", "/nowhere")) / _WHO
_said = os.environ.get(_WHO.upper()) or (_file.read_text("utf-8").strip() if _file.is_file() else "")
if _said:
    basic_auth = _said.split(",")
