"""The report: what a recording says of ads that follow people, and of what was stopped.

`analysis` counts while the recording is decided, each module around it for one question;
`figures` sums up what was counted; `page` shows that as HTML, with the charts around `drawing`.
"""
