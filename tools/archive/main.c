/* SPDX-License-Identifier: MIT */
#include "tools/archive/command.h"

int main(int argc, char **argv)
{
	return archive_command(argc, argv);
}
