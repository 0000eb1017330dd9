// The one place that compiles Boost.JSON, which is header-only otherwise.
#include <boost/json/src.hpp>
