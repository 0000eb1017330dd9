#include "cli/command_line.h"

int main(int argc, char** argv) { return featly::cli::Main(argc, argv); }
