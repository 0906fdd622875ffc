#include "engine/call.h"

#include "core/check.h"
#include "engine/operations/arguments.h"

namespace fastdnn {
namespace {

void make_call(const CallHandler& handler, const Step& step, const StepContext& context) {
  const Arguments<std::byte> a{step, context};
  CallArguments arguments;
  arguments.call = step.call;
  for (int i = 0; i < static_cast<int>(step.operands.size()); ++i) {
    const Operand& operand = step.operands[static_cast<std::size_t>(i)];
    const Index rows = operand.rows == 0 ? context.n : operand.rows;
    auto& list = i < step.outputs ? arguments.outputs : arguments.inputs;
    list.push_back({a.pointer(i), operand.dtype, rows, operand.cols});
  }
  handler(arguments);
}

}  // namespace

void check_handler(const CallHandler& handler, const Plan& plan) {
  check(handler || !plan.calls(), "Plan", "expected somebody who makes the calls of this program, got none");
}

void run_stretch(const Plan& plan, const Stretch& stretch, const StepContext& context, Team& team,
                 StepClock* clock) {
  for (std::size_t i = stretch.first; i < stretch.last; ++i) {
    const Step& step = plan.steps()[i];
    if (step.barrier_before) team.barrier();
    team.poll();
    const auto run = [&] { step.run(step, context, team); };
    clock == nullptr ? run() : clock->time(team, i, run);
  }
}

std::size_t make_calls(const Plan& plan, std::size_t stretch, const StepContext& context,
                       const CallHandler& handler, StepClock* clock) {
  const std::vector<Stretch>& stretches = plan.stretches();
  do {
    const std::size_t number = stretches[stretch].last;
    const auto call = [&] { make_call(handler, plan.steps()[number], context); };
    clock == nullptr ? call() : clock->time(number, call);
    ++stretch;
  } while (stretches[stretch].calls && stretches[stretch].first == stretches[stretch].last);
  return stretch;
}

void call_observers(const Plan& plan, const StepContext& context, const CallHandler& handler) {
  for (const Step& step : plan.observers()) make_call(handler, step, context);
}

int Regions::run(ThreadLease& threads, const std::atomic<bool>* stop) {
  int ran = 0;
  do {
    const TeamRun run = run_team(threads.threads(), [this](Team& team) { region(team); }, stop);
    if (ran == 0) ran = run.threads;
    threads.note(run);
  } while (between());
  return ran;
}

}  // namespace fastdnn
