#include "core/timing.h"

#include <chrono>

#include "core/check.h"

namespace fastdnn {

TeamTime time_on_team(int threads, Index rounds, const std::function<void(Team&)>& prepare,
                      const std::function<void(Team&)>& body) {
  using Clock = std::chrono::steady_clock;
  check(rounds >= 1 && rounds <= 1'000'000, "time_on_team", "expected 1 to 1,000,000 rounds, got ", rounds);
  TeamTime time;
  time.seconds.resize(static_cast<std::size_t>(rounds));
  const TeamRun run = run_team(threads, [&](Team& team) {
    prepare(team);
    for (double& seconds : time.seconds) {
      team.barrier();
      const Clock::time_point start = Clock::now();
      body(team);
      team.barrier();
      if (team.rank() == 0) seconds = std::chrono::duration<double>(Clock::now() - start).count();
    }
  });
  time.threads = run.threads;
  return time;
}

}  // namespace fastdnn
