#include "core/crowd.h"

#include <algorithm>
#include <atomic>
#include <climits>
#include <cstdint>

namespace fastdnn {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// Of the time of the threads that could have waited. Where two share the work at 1.3 times the speed of one, they
// wait less than that; a team that others disturb waits 0.9 and more.
constexpr double kShare = 0.7;
constexpr Nanoseconds kEvidence = milliseconds(3);  // about a time slice: less may be one of somebody's
constexpr Nanoseconds kWindow = milliseconds(20);   // what is older counts half
constexpr Nanoseconds kFirstHold = milliseconds(100);
constexpr Nanoseconds kLongestHold = milliseconds(3200);

// Statistics: where two calls write at once, one of them may be lost.
std::atomic<std::int64_t> could_wait{0};
std::atomic<std::int64_t> did_wait{0};
std::atomic<std::int64_t> hold{0};
std::atomic<std::int64_t> until{0};
std::atomic<int> limit{INT_MAX};

std::int64_t now() {
  return Nanoseconds(Clock::now().time_since_epoch()).count();
}

bool is_crowded(std::int64_t could, std::int64_t did) {
  return did > kEvidence.count() && static_cast<double>(did) > kShare * static_cast<double>(could);
}

std::int64_t could_have_waited(const TeamRun& run) {
  return run.elapsed.count() * (run.threads - 1);
}

}  // namespace

bool waits_mostly(const TeamRun& run) {
  return is_crowded(could_have_waited(run), run.waited.count());
}

int uncrowded_threads() {
  const int fewer = limit;
  return fewer == INT_MAX || now() >= until ? INT_MAX : fewer;
}

void forget_crowd() {
  could_wait = did_wait = hold = until = 0;
  limit = INT_MAX;
}

void note_team(const TeamRun& run) {
  if (run.threads < 2) return;
  std::int64_t could = could_wait + could_have_waited(run);
  std::int64_t did = did_wait + run.waited.count();
  if (is_crowded(could, did)) {
    hold = std::clamp<std::int64_t>(2 * hold, kFirstHold.count(), kLongestHold.count());
    until = now() + hold;
    limit = std::max(1, run.threads / 2);
    could = did = 0;
  } else if (could > kWindow.count()) {
    hold = 0;
    could /= 2;
    did /= 2;
  }
  could_wait = could;
  did_wait = did;
}

}  // namespace fastdnn
