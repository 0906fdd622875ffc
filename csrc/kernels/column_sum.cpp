#include "kernels/column_sum.h"

#include "isa/table.h"

namespace fastdnn {

template <class T>
void column_sum(Team& team, T* sums, Matrix<const T> x, bool accumulate) {
  const Range cols = team.share(x.cols, 64 / static_cast<Index>(sizeof(T)));
  kernels<T>().column_sum(sums + cols.begin, {x.data + cols.begin, x.rows, cols.size(), x.stride},
                          accumulate);
}

template void column_sum(Team&, float*, Matrix<const float>, bool);
template void column_sum(Team&, double*, Matrix<const double>, bool);

}  // namespace fastdnn
