#include "kernels/probe.h"

#include <algorithm>

#include "core/aligned.h"
#include "core/check.h"
#include "isa/table.h"

namespace fastdnn {
namespace {

constexpr Index kFloat = static_cast<Index>(sizeof(float));
constexpr Index kPage = kProbeGrain / kFloat;  // elements
// Arrays that begin at the same place of a page make loads wait for unrelated stores.
constexpr Index kStagger = 17 * kAlignment / kFloat;

// What the compiler must not know.
template <class T>
void keep(T value) {
  volatile T sink = value;
  static_cast<void>(sink);
}

struct Pattern {
  Index arrays;
  Index moves;  // reads and writes of an element of each array
  void (*run)(float* x, Index stride, Index n);
};

void run_read(float* x, Index, Index n) {
  keep(kernels<float>().probe_read(x, n));
}

void run_copy(float* x, Index stride, Index n) {
  kernels<float>().probe_copy(x + stride, x, n, 1.0F);
}

void run_update(float* x, Index stride, Index n) {
  kernels<float>().probe_update(x, x + stride, x + 2 * stride, x + 3 * stride, n);
}

Pattern pattern_of(MemoryPattern name) {
  switch (name) {
    case MemoryPattern::read:
      return {1, 1, run_read};
    case MemoryPattern::copy:
      return {2, 2, run_copy};
    case MemoryPattern::update:
      break;
  }
  return {4, 7, run_update};
}

}  // namespace

template <class T>
Probe probe_fma(int threads, Index steps, Index rounds) {
  check(steps >= 1, "probe_fma", "expected steps >= 1, got ", steps);
  const ProbeKernels<T>& kernel = kernels<T>();
  // x = x / 2 + 1 goes to 2 and stays there.
  const auto run = [&](Index n) { keep(kernel.probe_fma(n, T(0.5), T(1))); };
  TeamTime time = time_on_team(threads, rounds, [&](Team&) { run(steps); }, [&](Team&) { run(steps); });
  const double flops = 2.0 * kProbeChains * kernel.fma_lanes * static_cast<double>(steps);
  return {time.threads, flops * time.threads, std::move(time.seconds)};
}

Probe probe_memory(MemoryPattern name, int threads, Index bytes, Index passes, Index rounds) {
  check(passes >= 1, "probe_memory", "expected passes >= 1, got ", passes);
  check(bytes >= 1 && bytes <= (Index{1} << 40), "probe_memory", "expected 1 to 2^40 bytes, got ", bytes);
  const Pattern pattern = pattern_of(name);
  const Index pages = std::max<Index>(1, bytes / pattern.arrays / kProbeGrain);
  const Index n = pages * kPage;
  const Index stride = n + kStagger;
  const AlignedBuffer memory(pattern.arrays * stride * kFloat);
  auto* x = reinterpret_cast<float*>(memory.data());
  const auto touch = [&](Team& team) {
    const Range mine = team.share(n, kPage);
    for (Index array = 0; array < pattern.arrays; ++array) {
      std::fill(x + array * stride + mine.begin, x + array * stride + mine.end, 1.0F);
    }
  };
  const auto pass = [&](Team& team) {
    const Range mine = team.share(n, kPage);
    for (Index i = 0; i < passes; ++i) pattern.run(x + mine.begin, stride, mine.size());
  };
  TeamTime time = time_on_team(threads, rounds, touch, pass);
  const double moved = static_cast<double>(n * kFloat * pattern.moves * passes);
  return {time.threads, moved, std::move(time.seconds)};
}

Probe probe_barrier(int threads, Index count, Index rounds) {
  check(count >= 1, "probe_barrier", "expected count >= 1, got ", count);
  const auto wait = [&](Team& team) {
    for (Index i = 0; i < count; ++i) team.barrier();
  };
  TeamTime time = time_on_team(threads, rounds, wait, wait);
  return {time.threads, static_cast<double>(count), std::move(time.seconds)};
}

template Probe probe_fma<float>(int, Index, Index);
template Probe probe_fma<double>(int, Index, Index);

}  // namespace fastdnn
