"""What starting costs: a zoo of tiny networks, built with workers and with a process per stage."""
