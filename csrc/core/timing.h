// Times work on a team without Python, and without the start of the threads.
#pragma once

#include <functional>
#include <vector>

#include "core/team.h"

namespace fastdnn {

struct TeamTime {
  int threads = 0;              // how many there were
  std::vector<double> seconds;  // of each round
};

// Every thread runs `prepare` once, then `rounds` times `body`.
// A round begins when all threads are there and ends when the last one is done.
TeamTime time_on_team(int threads, Index rounds, const std::function<void(Team&)>& prepare,
                      const std::function<void(Team&)>& body);

}  // namespace fastdnn
