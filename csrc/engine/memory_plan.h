// Where each value of a plan lies in the arena.
#pragma once

#include <vector>

#include "core/view.h"

namespace fastdnn {

// A block that must keep its bytes from phase `first` to phase `last`, both included.
struct Lifetime {
  Index bytes = 0;
  int first = 0;
  int last = 0;
};

struct MemoryPlan {
  std::vector<Index> offsets;  // bytes, one for each lifetime, on cache lines
  Index bytes = 0;
};

// Largest first, each at the lowest offset that no block alive at the same time takes.
MemoryPlan plan_memory(const std::vector<Lifetime>& lifetimes);

}  // namespace fastdnn
