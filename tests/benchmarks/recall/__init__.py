"""What the daemon's quick way of detecting keeps of what slower ones find.

``python -m tests.benchmarks.recall ../shared/clips/*.mp4``

Three ways look at the same frames, each a `Scanner`: ``shipped`` is the daemon's with no more
configured than the detector, ``whole`` scans all of every frame at the shipped width, and ``full``
does so at the frame's own width. `clips` compares them with one another on real clips; full-size
scans find false faces too, so faces that are there in three frames running, the steady ones, are
counted by themselves. `truth` compares them with what is known to be there, in drawn scenes.
Every frame is given to every way: what a live camera drops on a slow box is not measured here.
"""
