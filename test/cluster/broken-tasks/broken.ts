// A task file that cannot be loaded.
throw new Error("this file throws while it is imported");
