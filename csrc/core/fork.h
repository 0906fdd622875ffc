// Forks while other threads of the process compute: the child has a copy of the memory and none of these
// threads. What it may go on to use must be whole in that copy, and not locked by a thread that is not there.
#pragma once

#include <cstdint>

namespace fastdnn {

// A fork waits until every hold is over; a hold waits while one is under way. Holds are short, need no lock
// that waits for the forking thread (the GIL), and are not nested.
void hold_forks();
void release_forks();

class ForkHold {
 public:
  ForkHold() { hold_forks(); }
  ~ForkHold() { release_forks(); }
  ForkHold(const ForkHold&) = delete;
  ForkHold& operator=(const ForkHold&) = delete;
};

// Another number in each forked child than in its parent.
std::uint32_t fork_generation();

}  // namespace fastdnn
