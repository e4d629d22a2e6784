READY_FD = "EDGE_READY_FD"  # the environment names a pipe by it, on which each web process says that it answers
