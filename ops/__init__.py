"""The eyes and the controls: command line, balance, repairs, the demo, the simulator and the servers on one machine."""
