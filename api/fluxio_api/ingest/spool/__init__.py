"""The spool: bodies that a gateway was told are kept, while the database is away.

A gateway's own retry is usually off, so what is turned away is lost. With
FLUXIO_SPOOL_DIR set, a POST that finds the database away is fsynced here,
answered 202 with the verdict `queued`, and taken by Intake later.

The order. One worker at a time drains, oldest first. New bodies do not queue up
behind a backlog: they go straight to the database once it answers, or the live
page and the alerts would stand still for as long as the outage lasted. They may,
because nothing in the database depends on the order of arrival: a row's key is
(device, created_at), latest values only advance, rollups heal, and a reading
older than the lateness limit never pages. A reading without a time gets the
receive time, and that is the POST's, which the spool keeps. One thing shows: of
two different values for one instant the first to arrive stays and the other goes
to the dead letters, and the first may then be the one that was not spooled.

Exactly once. An entry is deleted after Intake.take returned or its dead letter
was written, so a crash in between repeats it; the same body with the same
receive time is a duplicate, its letter is counted and not doubled.

Keys. While the database is away a key is believed if it was good lately
(known_keys.py); the drain asks again before it stores anything, and a key that is
no longer good sends the body to the dead letters, from where it can be replayed.

Nothing blocks the queue. What cannot be taken though the database answers is put
off, later entries go first; what fails by an error of its own goes to the dead
letters after a few attempts, or is set aside in the spool if even they refuse it.

  spool.py, spool_file.py   the queue on disk, shared by all workers
  known_keys.py             keys that were good lately, in the same file
  outage.py                 whether the database is taken to be away
  intake.py, glance.py      a POST while it is away
  drain.py, background.py   a worker's thread: ask for the database, then empty the queue
  spooling.py               all of it, wired
"""
