#include "base/uuid.h"

#include <boost/uuid/uuid_generators.hpp>
#include <boost/uuid/uuid_io.hpp>

namespace featly {

std::string NewUuid() { return boost::uuids::to_string(boost::uuids::random_generator_pure()()); }

}  // namespace featly
