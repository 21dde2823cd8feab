/* SPDX-License-Identifier: MIT */
#include "commands.h"

int main(int argc, char **argv)
{
	return command_run(argc, argv);
}
