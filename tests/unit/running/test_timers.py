import threading

from heavytail.running.timers import cancel_timers


def test_no_timer_keeps_a_finished_run_alive():
    fired = []
    timers = [threading.Timer(600, fired.append, [number]) for number in range(3)]
    for timer in timers:
        timer.start()
    cancel_timers()
    for timer in timers:
        timer.join(timeout=60)
    assert not fired and not any(timer.is_alive() for timer in timers)
