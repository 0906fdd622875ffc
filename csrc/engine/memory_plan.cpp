#include "engine/memory_plan.h"

#include <algorithm>
#include <numeric>

#include "core/aligned.h"

namespace fastdnn {

MemoryPlan plan_memory(const std::vector<Lifetime>& lifetimes) {
  MemoryPlan plan;
  plan.offsets.assign(lifetimes.size(), 0);
  std::vector<std::size_t> by_size(lifetimes.size());
  std::iota(by_size.begin(), by_size.end(), std::size_t{0});
  std::stable_sort(by_size.begin(), by_size.end(),
                   [&](std::size_t a, std::size_t b) { return lifetimes[a].bytes > lifetimes[b].bytes; });
  std::vector<std::size_t> placed;  // by offset
  for (const std::size_t block : by_size) {
    const Lifetime& life = lifetimes[block];
    Index offset = 0;
    for (const std::size_t other : placed) {
      const Lifetime& taken = lifetimes[other];
      const bool together = life.first <= taken.last && taken.first <= life.last;
      if (!together) continue;
      if (offset + life.bytes <= plan.offsets[other]) break;
      offset = std::max(offset, round_up(plan.offsets[other] + taken.bytes, kAlignment));
    }
    plan.offsets[block] = offset;
    plan.bytes = std::max(plan.bytes, round_up(offset + life.bytes, kAlignment));
    const auto later = [&](std::size_t other) { return plan.offsets[other] > offset; };
    placed.insert(std::find_if(placed.begin(), placed.end(), later), block);
  }
  return plan;
}

}  // namespace fastdnn
