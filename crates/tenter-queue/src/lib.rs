//! Joinable producer/consumer queues with asyncio's put, get, task_done and join.
