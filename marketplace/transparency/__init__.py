"""What outsiders can check the record by: signed checkpoints of the journal's tree, its tiles, its public lines."""
