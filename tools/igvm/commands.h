/* SPDX-License-Identifier: MIT */
/*
 * commands.h - the sub-commands of igvm. Each gets its own arguments (argv[0] is its name) and returns an exit
 * status: 0 done, 1 something is wrong with a file, 2 the command line is wrong.
 */
#ifndef IGVM_COMMANDS_H
#define IGVM_COMMANDS_H

#define STATUS_OK 0
#define STATUS_FAILED 1
#define STATUS_USAGE 2

int command_build(int argc, char **argv);
int command_inspect(int argc, char **argv);

#endif
