"""The prediction log: a hash chain that the workers of a service write by turns, durable before each answer.

- `chain`: one line, and whether a row of lines is what was once written
- `files`, `durable`, `mark`: where the lines lie, how they get onto the disk, how far they are there
- `group_commit`, `predictions`: many lines with one sync, by one worker at a time
- `shipping`, `erasure`: on their way to the bucket, and taken out again by order
"""
