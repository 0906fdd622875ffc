// How long each step of a plan takes: for profiles. Between two barriers, so that no thread's wait is charged to
// another step; an untimed run has fewer of them.
#pragma once

#include <chrono>
#include <vector>

#include "core/team.h"

namespace fastdnn {

class StepClock {
 public:
  explicit StepClock(std::size_t entries) : seconds_(entries) {}

  // Runs `body` between two regions and adds its time to entry `index`.
  template <class Body>
  void time(std::size_t index, const Body& body) {
    const auto begin = std::chrono::steady_clock::now();
    body();
    add_since(begin, index);
  }

  // Runs `body` on the team and adds its time to entry `index`.
  template <class Body>
  void time(Team& team, std::size_t index, const Body& body) {
    team.barrier();
    const auto begin = std::chrono::steady_clock::now();
    body();
    team.barrier();
    if (team.rank() == 0) add_since(begin, index);
  }

  const std::vector<double>& seconds() const { return seconds_; }

 private:
  void add_since(std::chrono::steady_clock::time_point begin, std::size_t index) {
    seconds_[index] += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  }

  std::vector<double> seconds_;  // written by rank 0
};

}  // namespace fastdnn
