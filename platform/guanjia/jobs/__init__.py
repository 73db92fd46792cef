"""Work after the commit: the relay that carries out messages, in the process or in a worker, each once in effect."""
