#include <cmath>

#include "bindings/kernel_arguments.h"
#include "bindings/update_names.h"
#include "kernels/max_norm.h"
#include "kernels/update.h"

namespace fastdnn::bindings {
namespace {

UpdateOptions update_options(double gradient_scale, double clip_value, double l2, double l1,
                             double weight_decay, double proximal_l1) {
  const char* where = "UpdateOptions";
  check(clip_value >= 0, where, "expected clip_value >= 0, got ", clip_value);
  for (const double x : {l2, l1, weight_decay, proximal_l1}) {
    check(x >= 0 && std::isfinite(x), where,
          "expected finite l2, l1, weight_decay and proximal_l1 >= 0, got ", x);
  }
  return {gradient_scale, clip_value, l2, l1, weight_decay, proximal_l1};
}

void bind_options(py::module_& m) {
  const UpdateOptions off;
  py::class_<UpdateOptions>(m, "UpdateOptions", "What an update does beside the optimiser's rule.")
      .def(py::init(&update_options), py::kw_only(), py::arg("gradient_scale") = off.gradient_scale,
           py::arg("clip_value") = off.clip_value, py::arg("l2") = off.l2, py::arg("l1") = off.l1,
           py::arg("weight_decay") = off.weight_decay, py::arg("proximal_l1") = off.proximal_l1);
}

// The arrays of one update, checked: theta, then the states, then the gradient.
template <class T>
class Arrays {
 public:
  Arrays(const char* where, Array<T>& theta, const Array<T>& gradient)
      : where_(where), n_(gradient.ndim() == 1 ? gradient.shape(0) : -1) {
    theta_ = vector_out(theta, n_, where);
    gradient_ = vector_of(gradient, n_, where);
  }
  T* state(Array<T>& array) const { return vector_out(array, n_, where_); }
  T* state(Optional<T>& array) const { return array ? vector_out(*array, n_, where_) : nullptr; }

  // call(theta, states..., gradient, n) in each thread, for its range.
  template <class Call, class... States>
  void share(int threads, const Call& call, States... states) const {
    on_team(threads, [&](Team& team) {
      const Range r = team.share(n_, 64 / static_cast<Index>(sizeof(T)));
      call(theta_ + r.begin, (states == nullptr ? nullptr : states + r.begin)..., gradient_ + r.begin,
           r.size());
    });
  }

 private:
  const char* where_;
  Index n_;
  T* theta_;
  const T* gradient_;
};

// m.def of an update: the arrays and scalars of its own, then what all have.
template <class Function, class... Own>
void def_update(py::module_& m, const char* name, Function function, const Own&... own) {
  m.def(name, function, own..., py::kw_only(), py::arg_v("options", UpdateOptions{}, "UpdateOptions()"),
        py::arg("threads") = 1);
}

py::arg in(const char* name) {
  return py::arg(name).noconvert();
}

template <class T>
void bind_first_order(py::module_& m) {
  def_update(
      m, "sgd_update",
      [](Array<T> theta, Optional<T> velocity, const Array<T>& gradient, double learning_rate,
         double momentum, bool nesterov, const std::string& form, bool bias_correction, std::int64_t t,
         const UpdateOptions& options, int threads) {
        const Arrays<T> a("sgd_update", theta, gradient);
        const SgdStep step =
            sgd_step(learning_rate, momentum, nesterov, momentum_form_from(form), bias_correction, t);
        a.share(threads, [&](auto... of) { sgd_update<T>(of..., step, options); }, a.state(velocity));
      },
      in("theta"), in("velocity").none(true), in("gradient"), py::arg("learning_rate"),
      py::arg("momentum") = 0.0, py::arg("nesterov") = false, py::arg("form") = "sum",
      py::arg("bias_correction") = false, py::arg("t") = 1);
  def_update(
      m, "adagrad_update",
      [](Array<T> theta, Array<T> s, const Array<T>& gradient, double learning_rate, double epsilon,
         const std::string& epsilon_mode, const UpdateOptions& options, int threads) {
        const Arrays<T> a("adagrad_update", theta, gradient);
        const AdagradStep step = adagrad_step(learning_rate, epsilon, epsilon_mode_from(epsilon_mode));
        a.share(threads, [&](auto... of) { adagrad_update<T>(of..., step, options); }, a.state(s));
      },
      in("theta"), in("s"), in("gradient"), py::arg("learning_rate"), py::arg("epsilon"),
      py::arg("epsilon_mode") = "outside");
  def_update(
      m, "adadelta_update",
      [](Array<T> theta, Array<T> s, Array<T> d, const Array<T>& gradient, double learning_rate, double rho,
         double epsilon, const UpdateOptions& options, int threads) {
        const Arrays<T> a("adadelta_update", theta, gradient);
        const AdadeltaStep step{learning_rate, rho, epsilon};
        a.share(
            threads, [&](auto... of) { adadelta_update<T>(of..., step, options); }, a.state(s), a.state(d));
      },
      in("theta"), in("s"), in("d"), in("gradient"), py::arg("learning_rate"), py::arg("rho"),
      py::arg("epsilon"));
  def_update(
      m, "rmsprop_update",
      [](Array<T> theta, Array<T> s, Optional<T> average, Optional<T> velocity, const Array<T>& gradient,
         double learning_rate, double rho, double epsilon, const std::string& epsilon_mode, double momentum,
         const std::string& form, const UpdateOptions& options, int threads) {
        const Arrays<T> a("rmsprop_update", theta, gradient);
        const MomentumForm of_velocity = momentum_form_from(form);
        check(of_velocity != MomentumForm::ewma, "rmsprop_update",
              "expected form 'sum' or 'keras', got 'ewma'");
        const RmspropStep step = rmsprop_step(learning_rate, rho, epsilon, epsilon_mode_from(epsilon_mode),
                                              velocity.has_value(), momentum, of_velocity);
        a.share(
            threads, [&](auto... of) { rmsprop_update<T>(of..., step, options); }, a.state(s),
            a.state(average), a.state(velocity));
      },
      in("theta"), in("s"), in("average").none(true), in("velocity").none(true), in("gradient"),
      py::arg("learning_rate"), py::arg("rho"), py::arg("epsilon"), py::arg("epsilon_mode") = "outside",
      py::arg("momentum") = 0.0, py::arg("form") = "sum");
  def_update(
      m, "lion_update",
      [](Array<T> theta, Array<T> average, const Array<T>& gradient, double learning_rate, double beta_1,
         double beta_2, const UpdateOptions& options, int threads) {
        const Arrays<T> a("lion_update", theta, gradient);
        const LionStep step{learning_rate, beta_1, beta_2};
        a.share(threads, [&](auto... of) { lion_update<T>(of..., step, options); }, a.state(average));
      },
      in("theta"), in("m"), in("gradient"), py::arg("learning_rate"), py::arg("beta_1"), py::arg("beta_2"));
}

template <class T>
void bind_adam_family(py::module_& m) {
  def_update(
      m, "adam_update",
      [](Array<T> theta, Array<T> first, Array<T> second, const Array<T>& gradient, double learning_rate,
         double beta_1, double beta_2, double epsilon, std::int64_t t, const std::string& epsilon_mode,
         bool bias_correction, const UpdateOptions& options, int threads) {
        const Arrays<T> a("adam_update", theta, gradient);
        const AdamStep step = adam_step(learning_rate, beta_1, beta_2, epsilon, t,
                                        epsilon_mode_from(epsilon_mode), bias_correction);
        a.share(
            threads, [&](auto... of) { adam_update<T>(of..., step, options); }, a.state(first),
            a.state(second));
      },
      in("theta"), in("m"), in("v"), in("gradient"), py::arg("learning_rate"), py::arg("beta_1"),
      py::arg("beta_2"), py::arg("epsilon"), py::arg("t"), py::arg("epsilon_mode") = "outside",
      py::arg("bias_correction") = true);
  def_update(
      m, "nadam_update",
      [](Array<T> theta, Array<T> first, Array<T> second, const Array<T>& gradient, double learning_rate,
         double beta_1, double beta_2, double epsilon, std::int64_t t, double momentum_decay, double product,
         const std::string& epsilon_mode, const UpdateOptions& options, int threads) {
        const Arrays<T> a("nadam_update", theta, gradient);
        const AdamStep step = nadam_step(learning_rate, beta_1, beta_2, epsilon, t, momentum_decay, product,
                                         epsilon_mode_from(epsilon_mode));
        a.share(
            threads, [&](auto... of) { nadam_update<T>(of..., step, options); }, a.state(first),
            a.state(second));
      },
      in("theta"), in("m"), in("v"), in("gradient"), py::arg("learning_rate"), py::arg("beta_1"),
      py::arg("beta_2"), py::arg("epsilon"), py::arg("t"), py::arg("momentum_decay"), py::arg("product"),
      py::arg("epsilon_mode") = "outside");
  def_update(
      m, "amsgrad_update",
      [](Array<T> theta, Array<T> first, Array<T> second, Array<T> largest, const Array<T>& gradient,
         double learning_rate, double beta_1, double beta_2, double epsilon, std::int64_t t,
         const std::string& epsilon_mode, bool bias_correction, const UpdateOptions& options, int threads) {
        const Arrays<T> a("amsgrad_update", theta, gradient);
        const AdamStep step = adam_step(learning_rate, beta_1, beta_2, epsilon, t,
                                        epsilon_mode_from(epsilon_mode), bias_correction);
        a.share(
            threads, [&](auto... of) { amsgrad_update<T>(of..., step, options); }, a.state(first),
            a.state(second), a.state(largest));
      },
      in("theta"), in("m"), in("v"), in("v_max"), in("gradient"), py::arg("learning_rate"), py::arg("beta_1"),
      py::arg("beta_2"), py::arg("epsilon"), py::arg("t"), py::arg("epsilon_mode") = "outside",
      py::arg("bias_correction") = true);
}

template <class T>
void bind_max_norm(py::module_& m) {
  m.def(
      "max_norm",
      [](Array<T> w, double limit, int axis, int threads) {
        const Matrix<T> out = output_matrix(w, "max_norm");
        check(limit >= 0, "max_norm", "expected limit >= 0, got ", limit);
        check(axis == 0 || axis == 1, "max_norm", "expected axis 0 or 1, got ", axis);
        on_team(threads, [&](Team& team) { max_norm<T>(team, out, static_cast<T>(limit), axis); });
      },
      in("w"), py::arg("limit"), py::arg("axis") = 0, py::arg("threads") = 1);
}

}  // namespace

void bind_update_kernels(py::module_& m) {
  bind_options(m);
  bind_first_order<float>(m);
  bind_first_order<double>(m);
  bind_adam_family<float>(m);
  bind_adam_family<double>(m);
  bind_max_norm<float>(m);
  bind_max_norm<double>(m);
  m.def("nadam_momentum", &nadam_momentum, py::arg("beta_1"), py::arg("momentum_decay"), py::arg("t"));
}

}  // namespace fastdnn::bindings
