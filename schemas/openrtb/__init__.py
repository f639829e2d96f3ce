"""OpenRTB 2.6: a bid request as requests of SPEC 2, and what is suppressed written into it."""
