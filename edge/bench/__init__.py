"""``edge-fer bench``: how fast the daemon is on this machine, and against other programs.

A round measures every program for as long, one after the other, so that a machine that grows warm
or busy is so for all of them::

    round --> our daemon, a process of its own  --> rates from /metrics
          |       '--> MQTT subscriber and MJPEG viewers in this process: delays, pictures
          |--> the ceiling: decode and encode alone
          '--> each program of --against
"""
