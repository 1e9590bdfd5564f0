"""Starts MiniStack with the few patches that a rehearsal needs.

Each patch is listed in localstack/README.md, and test/localstack/emulator.test.ts tells when upstream has made one needless.
The patches were written against one version; any other is refused, since a patch that misses would change behaviour silently.

    python launch.py               with MiniStack's own environment variables
    python launch.py --unpatched   upstream as it is, to see whether a patch is still needed
"""

import contextvars
import sys
from importlib.metadata import version

VERSION = "1.5.33"

# What a thrown value's name is called on the way from the worker to the caller; None where nothing was thrown.
_thrown = contextvars.ContextVar("synnergy_thrown", default=None)


def replace_once(text, old, new):
    """The text with one passage changed; anything but one occurrence means that this is not the source we know."""
    if text.count(old) != 1:
        raise SystemExit(f"launch.py: expected once, found {text.count(old)} times in MiniStack {VERSION}: {old!r}")
    return text.replace(old, new)


def carry_error_names():
    """A Node function's thrown error keeps its name, which Step Functions matches in Retry and Catch.

    Upstream sends message and stack only and calls every error Runtime.HandlerError. On AWS, errorType is the error's name, and
    the payload holds the stack as `trace`.
    """
    from ministack.core import lambda_runtime
    from ministack.services import lambda_svc

    script = lambda_runtime._NODEJS_WORKER_SCRIPT
    script = replace_once(
        script,
        'error: String(err.message || err), trace: err.stack || ""',
        'error: String(err.message || err), trace: err.stack || "", thrown: String(err.name || "Error")',
    )
    script = replace_once(
        script,
        'status: "error", error: e.message, trace: e.stack\n',
        'status: "error", error: String(e?.message ?? e), trace: e?.stack || "", thrown: String(e?.name || "Error")\n',
    )
    lambda_runtime._NODEJS_WORKER_SCRIPT = script

    invoke = lambda_runtime.Worker.invoke
    execute = lambda_svc._execute_function_warm

    def invoke_and_note(self, *args, **kwargs):
        response = invoke(self, *args, **kwargs)
        if response.get("thrown"):
            _thrown.set((response["thrown"], response.get("trace", "").split("\n")))
        return response

    def execute_and_name(func, event, request_id):
        _thrown.set(None)
        result = execute(func, event, request_id)
        body = result.get("body")
        if result.get("error") and isinstance(body, dict) and _thrown.get():
            body["errorType"], body["trace"] = _thrown.get()
        return result

    lambda_runtime.Worker.invoke = invoke_and_note
    lambda_svc._execute_function_warm = execute_and_name


def sweep_schedules_each_second():
    """A rate(1 minute) rule fires 60 to 61 s after it last did.

    Upstream looks for due rules every 10 s and counts from the look, so a minute is 60 to 70 s, and a watcher that runs for a
    minute and a bit would leave a gap that AWS does not have.
    """
    from ministack.services import eventbridge

    eventbridge._SCHEDULER_TICK_INTERVAL = 1


def evaluate_task_timeouts():
    """A Task's `TimeoutSeconds` may be a JSONata expression.

    Upstream compares the expression's text with a number.
    """
    from ministack.services import stepfunctions

    execute = stepfunctions._execute_task

    def execute_in_time(state_def, raw_input, execution, ctx):
        if isinstance(state_def.get("TimeoutSeconds"), str):
            seconds = stepfunctions._jsonata_state_field(state_def, "TimeoutSeconds", "number", raw_input, ctx)
            state_def = {**state_def, "TimeoutSeconds": seconds}
        return execute(state_def, raw_input, execution, ctx)

    stepfunctions._execute_task = execute_in_time


PATCHES = (carry_error_names, sweep_schedules_each_second, evaluate_task_timeouts)


def main():
    found = version("ministack")
    if found != VERSION:
        raise SystemExit(f"launch.py: its patches are for MiniStack {VERSION}, this is {found}. Install emulator/requirements.txt.")
    if "--unpatched" in sys.argv[1:]:
        sys.argv.remove("--unpatched")
    else:
        for patch in PATCHES:
            patch()
    from ministack.app import main as serve

    serve()


if __name__ == "__main__":
    main()
