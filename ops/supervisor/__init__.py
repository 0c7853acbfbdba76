"""`kk2 up`'s supervisor: the services of one machine kept running, judged by progress, stopped in order.

Nothing outlives it. Each process is started in a group of its own by `ops.launch`, which has the kernel kill it when
the supervisor dies of anything; a group is killed before its process is started again.
"""

from ops.supervisor.process import Process, Verdict, judged_by_life_alone
from ops.supervisor.progress import by_pulse, by_work
from ops.supervisor.services import SERVICES, WORKERS, Service, kk2, standard_processes
from ops.supervisor.status import ProcessStatus, State, Status, read_status
from ops.supervisor.supervisor import Supervisor

__all__ = [
    "SERVICES",
    "WORKERS",
    "Process",
    "ProcessStatus",
    "Service",
    "State",
    "Status",
    "Supervisor",
    "Verdict",
    "by_pulse",
    "by_work",
    "judged_by_life_alone",
    "kk2",
    "read_status",
    "standard_processes",
]
