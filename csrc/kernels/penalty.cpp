#include "kernels/penalty.h"

#include <algorithm>

#include "isa/table.h"

namespace fastdnn {
namespace {

// The powers that need no logarithm go into the terms that have them.
Penalty simplified(Penalty terms) {
  if (terms.q == 1) terms.l1 += terms.lq;
  if (terms.q == 2) terms.l2 += terms.lq;
  if (terms.q == 1 || terms.q == 2) terms.lq = 0;
  return terms;
}

bool is_zero(const Penalty& simple) {
  return simple.l1 == 0 && simple.l2 == 0 && simple.lq == 0;
}

}  // namespace

template <class T>
double penalty(Team& team, double* partials, T* gradient, const T* w, Index n, const Penalty& terms) {
  if (is_zero(simplified(terms))) return 0;  // the partials are not needed
  penalty_partials<T>(team, partials, gradient, w, n, terms, true);
  team.barrier();
  return tree_sum(partials, partial_sums(n));
}

template <class T>
void penalty_partials(Team& team, double* partials, T* gradient, const T* w, Index n, const Penalty& terms,
                      bool accumulate) {
  const Penalty simple = simplified(terms);
  const auto kernel = simple.lq == 0 ? kernels<T>().penalty : kernels<T>().power_penalty;
  fill_own_partials(team, partials, n, [&](Index begin, Index size) {
    T* slopes = gradient == nullptr ? nullptr : gradient + begin;
    if (slopes != nullptr && !accumulate) std::fill_n(slopes, size, T{0});   // which stays in the cache
    return is_zero(simple) ? 0.0 : kernel(slopes, w + begin, size, simple);  // not 0 times infinity
  });
}

template double penalty(Team&, double*, float*, const float*, Index, const Penalty&);
template double penalty(Team&, double*, double*, const double*, Index, const Penalty&);
template void penalty_partials(Team&, double*, float*, const float*, Index, const Penalty&, bool);
template void penalty_partials(Team&, double*, double*, const double*, Index, const Penalty&, bool);

}  // namespace fastdnn
