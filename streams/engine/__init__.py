"""The data path under Faust: slices in, durable state and transitions out.

Read `transport` (who gives us partitions, and how slices reach the agent), `engine` (taking over and handing over
partitions), `partition` (one partition's world), `outbox` (the order in which things become durable), `recovery`
(the way back from the changelog), `watermark` and `dues` (time without events), `watchdog` (rather dead than stuck).
"""
