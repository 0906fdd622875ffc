#include "engine/schedule.h"

#include <algorithm>

namespace fastdnn {
namespace {

// Whether the order of the two matters.
bool conflict(const Step& later, const Step& earlier) {
  const auto clash = [](const Step& writer, const Step& other) {
    const auto end = writer.values.begin() + writer.outputs;
    return std::any_of(writer.values.begin(), end,
                       [&](int value) { return value >= 0 && other.touches(value); });
  };
  const bool both_call = later.call >= 0 && earlier.call >= 0;  // user code sees them in the program's order
  return both_call || clash(earlier, later) || clash(later, earlier);
}

void order(std::vector<Step>& steps) {
  std::vector<Step> waiting = std::move(steps);
  steps.clear();
  for (bool row_local = true; !waiting.empty(); row_local = !row_local) {
    for (auto next = waiting.begin(); next != waiting.end();) {
      const bool ready =
          std::none_of(waiting.begin(), next, [&](const Step& earlier) { return conflict(*next, earlier); });
      if (ready && next->row_local == row_local) {
        steps.push_back(std::move(*next));
        next = waiting.erase(next);
      } else {
        ++next;
      }
    }
  }
}

// A step needs a barrier when it touches what another thread may have worked on since the last one. Between
// row-local steps that cannot be: all of them cut the rows alike.
void place_barriers(std::vector<Step>& steps) {
  auto since = steps.begin();  // the first after the last barrier
  for (auto step = steps.begin(); step != steps.end(); ++step) {
    const bool needs_barrier = std::any_of(since, step, [&](const Step& earlier) {
      const bool call = step->call >= 0 || earlier.call >= 0;
      return call || (!(step->row_local && earlier.row_local) && conflict(*step, earlier));
    });
    if (!needs_barrier) continue;
    step->barrier_before = true;
    since = step;
  }
}

}  // namespace

void schedule(std::vector<Step>& steps) {
  order(steps);
  place_barriers(steps);
}

}  // namespace fastdnn
