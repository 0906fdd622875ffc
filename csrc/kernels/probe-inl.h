// The serial part of the probes.
#pragma once

#include "isa/table/probe.h"
#include "isa/vec.h"

namespace fastdnn {
namespace {

// Vectors of one turn of the memory loops: independent, so that the loads of several are under way.
constexpr int kProbeUnroll = 8;

// All lanes: of sums that nobody asks for, a compiler might drop the work.
template <class V>
FASTDNN_INLINE typename V::Scalar all_lanes(typename V::Vec x) {
  typename V::Scalar sum = x[0];
  for (int i = 1; i < V::kLanes; ++i) sum += x[i];
  return sum;
}

template <class V>
typename V::Scalar probe_fma(Index steps, typename V::Scalar a, typename V::Scalar b) {
  const typename V::Vec factor = broadcast<V>(a);
  const typename V::Vec term = broadcast<V>(b);
  typename V::Vec chain[kProbeChains];
  // Unlike starts: of chains that are the same, the compiler would keep one.
#pragma GCC unroll 12
  for (int i = 0; i < kProbeChains; ++i) chain[i] = broadcast<V>(b + static_cast<typename V::Scalar>(i));
  for (Index step = 0; step < steps; ++step) {
#pragma GCC unroll 12
    for (int i = 0; i < kProbeChains; ++i) chain[i] = V::fma(chain[i], factor, term);
  }
  typename V::Vec sum{};
#pragma GCC unroll 12
  for (int i = 0; i < kProbeChains; ++i) sum += chain[i];
  return all_lanes<V>(sum);
}

template <class V>
typename V::Scalar probe_read(const typename V::Scalar* x, Index n) {
  typename V::Vec sum[kProbeUnroll] = {};
  for (Index i = 0; i < n; i += kProbeUnroll * V::kLanes) {
#pragma GCC unroll 8
    for (int j = 0; j < kProbeUnroll; ++j) sum[j] += V::load(x + i + j * V::kLanes);
  }
  typename V::Vec total{};
#pragma GCC unroll 8
  for (int j = 0; j < kProbeUnroll; ++j) total += sum[j];
  return all_lanes<V>(total);
}

// With a factor, lest the compiler calls memcpy, which has ways around the caches that kernels have not.
template <class V>
void probe_copy(typename V::Scalar* y, const typename V::Scalar* x, Index n, typename V::Scalar a) {
  for (Index i = 0; i < n; i += kProbeUnroll * V::kLanes) {
#pragma GCC unroll 8
    for (int j = 0; j < kProbeUnroll; ++j)
      V::store(y + i + j * V::kLanes, a * V::load(x + i + j * V::kLanes));
  }
}

template <class V>
void probe_update(typename V::Scalar* theta, typename V::Scalar* m, typename V::Scalar* v,
                  const typename V::Scalar* gradient, Index n) {
  for (Index i = 0; i < n; i += V::kLanes) {
    const typename V::Vec g = V::load(gradient + i);
    V::store(m + i, V::load(m + i) + g);
    V::store(v + i, V::load(v + i) + g);
    V::store(theta + i, V::load(theta + i) + g);
  }
}

}  // namespace
}  // namespace fastdnn
