#include "kernels/max_norm.h"

#include "isa/table.h"

namespace fastdnn {

template <class T>
void max_norm(Team& team, Matrix<T> w, T limit, int axis) {
  if (axis == 0) {
    const Range cols = team.share(w.cols, 64 / static_cast<Index>(sizeof(T)));
    kernels<T>().max_norm_columns({w.data + cols.begin, w.rows, cols.size(), w.stride}, limit);
  } else {
    kernels<T>().max_norm_rows(rows_of(w, team.share(w.rows)), limit);
  }
}

template void max_norm(Team&, Matrix<float>, float, int);
template void max_norm(Team&, Matrix<double>, double, int);

}  // namespace fastdnn
