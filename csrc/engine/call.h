// Calls: steps whose work is done outside of the engine, by code of the user's in Python. Parallel regions end
// before them and begin anew after them; the thread that runs the plan makes them, and no lock is held meanwhile.
#pragma once

#include <atomic>
#include <functional>
#include <vector>

#include "core/threads.h"
#include "engine/plan.h"
#include "engine/step_clock.h"

namespace fastdnn {

struct CallOperand {
  std::byte* data = nullptr;
  Dtype dtype = Dtype::f32;
  Index rows = 0;
  Index cols = 0;
};

// The operands of a call, which lie in the memory of the run and live as long as the call.
struct CallArguments {
  int call = -1;
  std::vector<CallOperand> outputs;
  std::vector<CallOperand> inputs;
};

// Makes a call: reads the inputs, writes all of the outputs. What it throws ends the run.
using CallHandler = std::function<void(const CallArguments&)>;

// Throws InputError where a plan calls and nobody answers.
void check_handler(const CallHandler& handler, const Plan& plan);

// By all threads: runs the steps of a stretch. `clock` may be null; so below.
void run_stretch(const Plan& plan, const Stretch& stretch, const StepContext& context, Team& team,
                 StepClock* clock);

// By one thread: the call that ends a stretch, and those that follow it at once. Returns the number of the
// stretch after them.
std::size_t make_calls(const Plan& plan, std::size_t stretch, const StepContext& context,
                       const CallHandler& handler, StepClock* clock);

// Shows the observers what a step has computed. Their times are not taken.
void call_observers(const Plan& plan, const StepContext& context, const CallHandler& handler);

// A run in regions and, between them, calls.
class Regions {
 public:
  virtual ~Regions() = default;
  // By all threads: on from where the last one ended, until calls are due or the run is over.
  virtual void region(Team& team) = 0;
  // By the caller's thread alone: makes the calls that are due. Returns whether another region follows.
  virtual bool between() = 0;

  // Returns how many threads ran in the first region.
  int run(ThreadLease& threads, const std::atomic<bool>* stop);
};

}  // namespace fastdnn
