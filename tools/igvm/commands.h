/* SPDX-License-Identifier: MIT */
/*
 * commands.h - the sub-commands of igvm. Each gets its own arguments (argv[0] is its name), returns an exit status,
 * and has told in one line what is wrong when that is not STATUS_OK.
 */
#ifndef IGVM_COMMANDS_H
#define IGVM_COMMANDS_H

#define STATUS_OK 0
#define STATUS_FAILED 1
#define STATUS_DIFFERENT 2 /* diff: the images differ */

/* The program: argv[1] names a sub-command. */
int command_run(int argc, char **argv);

int command_build(int argc, char **argv);
int command_diff(int argc, char **argv);
int command_extract(int argc, char **argv);
int command_inspect(int argc, char **argv);
int command_measure(int argc, char **argv);
int command_policy(int argc, char **argv);
int command_sign(int argc, char **argv);

#endif
