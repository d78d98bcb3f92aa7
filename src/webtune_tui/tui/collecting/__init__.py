"""The parts of the Collect screen that own something: questions, work that is followed, what is shown below."""
